"""The screens: everything of the package that knows Streamlit. Pages draw with it and ask the services."""
