"""What is said across the border: each contract once, and the texts of every error."""
