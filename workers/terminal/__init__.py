"""What a person sees: the commands that speak to a running Waybill through its public API, and how they show the answers."""
