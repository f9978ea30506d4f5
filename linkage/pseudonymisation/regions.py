"""In which part of the country a postcode is: whoever has moved has mostly not moved far.

A postcode area (the letters a postcode begins with) stands with the region of England, or with the country, in which
most of its homes are. Areas cross the borders of regions, so this is for finding women again and not for counting them.
An area that is not here is a part of its own. The list is part of the scheme: `version` in schemas/encodings.yaml
changes with it.
"""

AREAS = {
    "North East": "DH DL NE SR TS",
    "North West": "BB BL CA CH CW FY L LA M OL PR SK WA WN",
    "Yorkshire and The Humber": "BD DN HD HG HU HX LS S WF YO",
    "East Midlands": "DE LE LN NG NN",
    "West Midlands": "B CV DY HR ST SY TF WR WS WV",
    "East of England": "AL CB CM CO IP LU NR PE SG SS WD",
    "London": "BR CR E EC EN HA IG KT N NW RM SE SM SW TW UB W WC",
    "South East": "BN CT DA GU HP ME MK OX PO RG RH SL SO TN",
    "South West": "BA BH BS DT EX GL PL SN SP TA TQ TR",
    "Wales": "CF LD LL NP SA",
    "Scotland": "AB DD DG EH FK G HS IV KA KW KY ML PA PH TD ZE",
    "Northern Ireland": "BT",
}
REGIONS = {area: region for region, areas in AREAS.items() for area in areas.split()}


def region(postcode: str) -> str:
    """The region of a postcode in its standard form."""
    area = postcode[: 2 if postcode[1].isalpha() else 1]
    return REGIONS.get(area, area)
