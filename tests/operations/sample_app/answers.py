"""What it answers: the line that the tests change."""

ANSWER = "one"
