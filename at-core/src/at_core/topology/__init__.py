"""Topology: who may write and read what, as data; rendered into server configuration and provisioned from here."""
