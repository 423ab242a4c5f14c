"""The stand-alone verifier: a receipt, its PDF or its bundle, against certificates, without any service."""
