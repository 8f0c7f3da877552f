"""What the project investigates about its own method; each command is one module, see `README.md`."""
