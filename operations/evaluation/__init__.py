"""How good the models behind an endpoint are: questions from a data set, answers, scores, a comparison, a report."""
