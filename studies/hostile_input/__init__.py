"""Generated input for the doors: valid input with one to three mutations."""
