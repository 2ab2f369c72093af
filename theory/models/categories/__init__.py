"""Categories: who is still alive, by the ancestry of the data, and when a word dies out."""
