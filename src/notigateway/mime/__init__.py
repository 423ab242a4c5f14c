"""Messages in several parts (MTOM, attachments): told apart strictly, whatever size, and written."""
