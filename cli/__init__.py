"""`aca-inference`: arguments in, operations called, progress and answers out."""
