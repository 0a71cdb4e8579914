"""One module for each framework; see export_cases.py."""
