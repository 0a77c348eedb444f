"""Rules: deadlines, scores, names, manifests, what counts. What the classroom takes for true."""
