"""How good it is: golden questions, metrics, reports."""
