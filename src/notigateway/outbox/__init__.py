"""What is sent to others: notices by e-mail, of what is put at disposal and of what ends; never an effect."""
