"""The sandbox: a test PKI, seeded notifications and a server, for integrators and for the demo.

Everything in it is fictitious and made at run time; a gateway in production mode never starts from it.
"""
