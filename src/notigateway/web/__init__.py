"""The pages for people beside the contracts for programs."""
