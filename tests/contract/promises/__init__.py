"""Every promise of `embedding.cocalc.client`, kept by every driver.

Real drivers speak real HTTP to the stand-in's process, which serves both generations to the same
accounts and projects; that of conat is tried with an organization as well. A test knows the
interface alone: what one generation or one kind of key cannot do, or does otherwise, is asked of
`embedding.cocalc.capabilities`, and then shown to be so.
"""
