"""What every Python service stands on. Technical: it knows no word of any business."""
