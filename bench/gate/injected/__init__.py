"""What runs in the environments under test, where nothing else of this project is."""
