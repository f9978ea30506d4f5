"""How fast, and in how much memory, an extract becomes tokens; beside clkhash and the machine's own SHA-256."""
