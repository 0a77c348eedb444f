"""What all pages share: who may see what, moments, texts, and how a failure is told."""
