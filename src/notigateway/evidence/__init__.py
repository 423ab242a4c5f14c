"""What is attested, as bytes: statement, seal, time-stamp, PDF, bundle, and what a party signs."""
