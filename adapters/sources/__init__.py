"""Where bundles come from: requests and folders now; the only room that reads YAML. A source reads, the domain's rules judge."""
