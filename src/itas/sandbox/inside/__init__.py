"""What runs behind the walls: standard library only, imported by a bare interpreter (``-S``), never by the rest.

Modules here import each other relatively; nothing here may import ``itas``.
"""
