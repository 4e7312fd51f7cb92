"""Tokenizers: conversion of text to token ids and back, and the identity of a vocabulary."""

from .specs import load
from .tokenizer import TokenArray, Tokenizer

__all__ = ["TokenArray", "Tokenizer", "load"]
