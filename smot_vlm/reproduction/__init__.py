"""The paper's tables made again: which run each row needs, how it is made, and our figures beside the printed ones"""
