"""The providers: one file for each, behind the ports; the only room that knows an SDK, and only when it is first needed."""
