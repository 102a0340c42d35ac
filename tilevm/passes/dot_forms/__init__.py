"""The forms that `rewrite_dot` knows: each file says what it emits in the place of a `dot`."""
