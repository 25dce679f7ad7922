"""Files from outside: what is taken of whom, and what is made of it before it is kept.

A picture is decoded and written anew, a PDF is read through: in a process of its own, since both are a stranger's bytes in the hands of
large parsers. That process gets no secret, little memory and little time.
"""
