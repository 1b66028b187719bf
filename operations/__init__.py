"""What happens after provisioning: releases, uploads, readiness.

Knows Azure and `inference.config.json`, not Pulumi.
"""
