"""The tab that people come for: the chat, and beside it where the answers stand."""
