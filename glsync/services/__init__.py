"""What pages, API and command line may ask. Plain results; the role is checked here, whatever the caller drew."""
