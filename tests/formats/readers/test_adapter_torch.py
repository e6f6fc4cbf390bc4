from adapter_contract import AdapterContract
from formats.machine import TORCH


class TestTorch(AdapterContract):
    cases = TORCH
