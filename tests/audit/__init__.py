"""What an outsider finds: a verifier that shares no line with the service, and a tamperer with every right."""
