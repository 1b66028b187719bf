"""Azure Files: the data plane of the shares, path-style (`/ACCOUNT/SHARE/…`), over the folders that replicas mount."""
