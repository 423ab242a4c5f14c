"""What is stored: the rows, their SQL, the one commit and the documents; nobody else writes SQL."""
