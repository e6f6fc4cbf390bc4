from adapter_contract import AdapterContract
from formats.machine import ARENA


class TestPDEArena(AdapterContract):
    cases = ARENA
