"""Every promise of `embedding.cocalc.client`, kept by every driver.

Real drivers speak real HTTP to the stand-in's process, which serves both generations to the same
accounts and projects. A test knows the interface alone: what one generation cannot do, or does
otherwise, is asked of `embedding.cocalc.capabilities`, and then shown to be so.
"""
