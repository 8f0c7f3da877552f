"""What is to be known: facts, the general corpus, and their mixture into a training stream."""
