"""What is attested: who asked, the sealed receipt of every fact, its time-stamp and its forms."""
