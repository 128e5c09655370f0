"""Singer tap for 巨量本地推 (Ocean Engine local promotion) reports, entities and leads."""
