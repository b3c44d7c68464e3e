"""balloonkit."""
