"""One file a command: it reads its options, calls the library, and prints."""
