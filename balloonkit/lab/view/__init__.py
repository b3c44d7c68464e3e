"""What every lab is drawn with: the view and its controls, the page map, charts, the palette."""
