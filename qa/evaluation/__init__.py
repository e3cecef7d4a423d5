"""How good are the answers, and when should there be none: labels in, figures out."""
