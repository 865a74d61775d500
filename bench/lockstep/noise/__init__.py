"""How well a ratio of identical code comes out by one way of measuring or another: one module a way."""
