"""A verdict in each of its forms, one a module."""
