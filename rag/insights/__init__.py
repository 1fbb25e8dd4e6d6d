"""The notes as a whole: what they suggest, repeat and tell apart, and their map."""
