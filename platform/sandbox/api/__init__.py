"""API v1: POST /api/v1/<event>, as CoCalc was observed to answer it in July 2024."""
