"""A provider: one connection to OpenAI, Claude or Gemini."""
