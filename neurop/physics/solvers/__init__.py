"""One scheme or equation per module."""
