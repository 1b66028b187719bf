"""A model server without a model: what the tests deploy. It starts in a moment and answers with `answers.ANSWER`."""
