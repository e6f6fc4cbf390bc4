from adapter_contract import AdapterContract
from formats.the_well import CASES


class TestTheWell(AdapterContract):
    cases = CASES
