"""What readers ask and say of the answers: recorded, read back, and turned into drafts and test cases."""
