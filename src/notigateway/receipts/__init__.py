"""What is attested: the receipt of every decision, its proof and its forms."""
